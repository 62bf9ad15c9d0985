import { expect, it, vi } from "vitest";
import { loadOnce } from "./load-once.ts";

it("loads when it is first asked for, once for all who ask", async () => {
  const load = vi.fn(async () => ({}));
  const network = loadOnce(load);
  expect(load).not.toHaveBeenCalled();
  const [first, second] = await Promise.all([network(), network()]);
  expect(second).toBe(first);
  expect(await network()).toBe(first);
  expect(load).toHaveBeenCalledOnce();
});

it("tries again after a failure", async () => {
  const load = vi
    .fn<() => Promise<string>>()
    .mockRejectedValueOnce(new Error("gone"))
    .mockResolvedValue("read");
  const file = loadOnce(load);
  await expect(file()).rejects.toThrow("gone");
  expect(await file()).toBe("read");
});

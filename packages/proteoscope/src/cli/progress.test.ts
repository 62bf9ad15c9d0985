import { describe, expect, it } from "vitest";
import { formatDuration, sayWhenSlow, startProgress } from "./progress.ts";

function recorder(isTTY: boolean) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const stream = { isTTY, columns: 60, write: (text: string) => written.push(text) };
  return { written, clock, options: { stream, nowMs: () => clock.ms } };
}

describe("the progress line", () => {
  it("stays silent for work that is over within two seconds", () => {
    const { written, clock, options } = recorder(true);
    const progress = startProgress("sampling", 10, options);
    for (let done = 1; done <= 10; done += 1) {
      clock.ms = done * 199;
      progress.update(done);
    }
    progress.close();
    expect(written).toEqual([]);
  });

  it("shows what is done, the rate and the time left", () => {
    const { written, clock, options } = recorder(true);
    const progress = startProgress("sampling", 50, options);
    clock.ms = 4000;
    progress.update(10);
    expect(written).toEqual(["\rsampling  10/50 steps  20%  2.5 steps/s  ETA 16s\u001b[K"]);
  });

  it("counts the rate of what is done now, where an earlier run has done a part", () => {
    const { written, clock, options } = recorder(true);
    const progress = startProgress("pull", 100, { ...options, unit: "MB", from: 60 });
    clock.ms = 3000;
    progress.update(60);
    clock.ms = 4000;
    progress.update(80);
    expect(written).toEqual([
      "\rpull  60/100 MB  60%  0.0 MB/s  ETA ?\u001b[K",
      "\rpull  80/100 MB  80%  5.0 MB/s  ETA 4s\u001b[K",
    ]);
  });

  it("redraws one line on a terminal, not too often, and ends it once", () => {
    const { written, clock, options } = recorder(true);
    const progress = startProgress("sampling", 100, options);
    for (let done = 1; done <= 100; done += 1) {
      clock.ms = 3000 + done * 10;
      progress.update(done);
    }
    progress.close();
    progress.close();
    progress.update(100);
    expect(written.length).toBeGreaterThan(5);
    expect(written.length).toBeLessThanOrEqual(13);
    expect(written.at(-2)).toContain("100/100 steps  100%");
    expect(written.at(-1)).toBe("\n");
  });

  it("writes sparse whole lines where there is no terminal", () => {
    const { written, clock, options } = recorder(false);
    const progress = startProgress("training", 600, { ...options, unit: "batches" });
    for (let done = 1; done <= 600; done += 1) {
      clock.ms = done * 100;
      progress.update(done, "loss 0.5");
    }
    progress.close();
    expect(written).toHaveLength(7);
    expect(written[0]).toMatch(
      /^training {2}20\/600 batches {2}3% {2}10 batches\/s {2}ETA 58s {2}loss 0.5\n$/,
    );
    expect(written.at(-1)).toContain("in 1m00s");
  });

  it("never breaks a narrow terminal's line", () => {
    const { written, clock, options } = recorder(true);
    const progress = startProgress(
      "a label that is longer than the terminal is wide, by far, really",
      2,
      options,
    );
    clock.ms = 5000;
    progress.update(1);
    expect(written[0]!.length).toBeLessThanOrEqual("\r".length + 59 + "\u001b[K".length);
  });

  it("knows no end of open work", () => {
    const { written, clock, options } = recorder(false);
    const progress = startProgress("reading", Infinity, { ...options, unit: "rows" });
    clock.ms = 2000;
    progress.update(500);
    expect(written).toEqual(["reading  500 rows  250 rows/s  2s\n"]);
  });

  it("writes durations as people say them", () => {
    expect([0, 59_400, 59_600, 3_599_000, 3_600_000, 3_659_999].map(formatDuration)).toEqual([
      "0s",
      "59s",
      "1m00s",
      "59m59s",
      "1h00m",
      "1h01m",
    ]);
  });
});

describe("work of which it is not known how much is left", () => {
  it("is named when it takes long, and not when it is soon over", async () => {
    const { written, options } = recorder(false);
    expect(await sayWhenSlow(options.stream, "reading", Promise.resolve(3), 5)).toBe(3);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(written).toEqual([]);
    const slow = new Promise((_, reject) => setTimeout(() => reject(new Error("gone")), 50));
    await expect(sayWhenSlow(options.stream, "reading", slow, 5)).rejects.toThrow("gone");
    expect(written).toEqual(["reading\n"]);
  });
});

// A process that takes and releases the lock of a folder when its parent says so, for tests of locks between processes.
// It answers each message "lock" with "held" or with the error's message, and "release" with "released".

import { type Lock, lockFolder } from "../node/lock.ts";

const [folder = "", beatMs = "3000"] = process.argv.slice(2);
let lock: Lock | undefined;

process.on("message", async (message) => {
  if (message === "lock") {
    try {
      lock = await lockFolder(folder, { beatMs: Number(beatMs) });
      process.send!("held");
    } catch (error) {
      process.send!((error as Error).message);
    }
  } else {
    await lock?.release();
    process.send!("released");
  }
});
process.send!("ready");

// Processor time for tests that bound how long something takes: unlike the clock on the wall it does not depend on
// what else the machine does, so that a bound can be tight and a busy machine fails no test.

/** Milliseconds of processor time this process has used. */
export function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

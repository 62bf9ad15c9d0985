// Measures one case, named on the command line, in this process, and prints its result as one line of JSON.
// `main.ts` starts one such process after the other.
import { cases } from "./cases/index.ts";
import { measureCase } from "./measure-case.ts";

const name = process.argv[2];
const found = cases.find((candidate) => candidate.name === name);
if (!found)
  throw new Error(`there is no benchmark "${name}"; there are ${cases.map((one) => one.name).join(", ")}`);
process.stdout.write(`${JSON.stringify(await measureCase(found))}\n`);

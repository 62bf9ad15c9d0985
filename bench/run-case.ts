// Measures one case in this process: `run-case.ts NAME [OPTIONS as JSON]`. Prints a line of JSON after every round and one
// with the result at the end. `main.ts` starts one such process after the other; started by hand it can be profiled.
import { caseOf } from "./cases/index.ts";
import { type CaseOptions, measureCase } from "./measure-case.ts";

const [name = "", options = "{}"] = process.argv.slice(2);
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const settings: CaseOptions = JSON.parse(options);
say({ result: await measureCase(caseOf(name), { ...settings, onRound: (round) => say({ round }) }) });

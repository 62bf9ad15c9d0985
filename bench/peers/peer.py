"""What the peers share: they prepare their work, say what they are, and answer "run N" with milliseconds.

Started as `script.py THREADS WORK...`. The first line is {"name", "version"}, or {"missing"} where a library is not
installed; then one line for each "run N": the milliseconds of each of N runs. The end of standard input ends the peer.
"""

import json
import sys
import time

# Only answers go to standard output: what libraries print goes to standard error.
answers, sys.stdout = sys.stdout, sys.stderr


def say(line):
    print(line, file=answers, flush=True)


def serve(prepare):
    """Serves `prepare(*work)`, which imports what it needs and returns (libraries, run)."""
    threads, work = int(sys.argv[1]), sys.argv[2:]
    try:
        import torch

        torch.set_num_threads(threads)
        torch.manual_seed(0)
        libraries, run = prepare(*work)
    except ImportError as error:
        say(json.dumps({"missing": str(error)}))
        return
    versions = [torch.__version__] + [f"{library.__name__} {library.__version__}" for library in libraries]
    say(json.dumps({"name": "torch", "version": ", ".join(versions)}))
    for line in sys.stdin:
        word, count = line.split()
        if word != "run":
            raise SystemExit(f"unknown request: {line}")
        times = []
        for _ in range(int(count)):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1000)
        say(" ".join(f"{ms:.4f}" for ms in times))

#!/bin/sh
# Evaluates what scripts/train-on-proteome.sh trained, beside the truth: `sh scripts/evaluate-on-proteome.sh SET RUNS OUT [word ...]`,
# further words are for evaluate. The evaluator is the set's cytoself. Where RUNS/diffusion-untrained-plm is finished, the same is
# done for it, and the two language models are compared. What was interrupted is resumed.
set -eu
set_folder=$1
runs=$2
out=$3
shift 3
proteoscope=${PROTEOSCOPE:-npx proteoscope}

# measure RUN NAME [word ...]: into OUT/NAME, OUT/report-NAME and OUT/scores-NAME.json
measure() {
  run=$1
  name=$2
  shift 2
  if [ ! -e "$out/$name" ]; then
    $proteoscope models assemble "$run" "$runs/classifier" -o "$out/$name"
  fi
  resume=
  if [ -e "$out/report-$name/answers.jsonl" ]; then resume=--resume; fi
  $proteoscope evaluate "$out/$name" --data "$set_folder" -o "$out/report-$name" $resume \
    --split partition --judge "classifier,$runs/cytoself" --guidance 1.5 --steps 20 "$@"
  npx tsx scripts/score-on-proteome.ts "$out/$name" "$set_folder" "$out/scores-$name.json"
}

mkdir -p "$out"
measure "$runs/diffusion" model "$@"
if [ -e "$runs/diffusion-untrained-plm/finished" ]; then
  measure "$runs/diffusion-untrained-plm" untrained-plm "$@"
  $proteoscope evaluate compare "$out/report-untrained-plm" "$out/report-model" -o "$out/comparison"
fi

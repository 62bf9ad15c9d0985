#!/bin/sh
# Trains the whole chain on a simulated proteome with the product's commands, one network on another: `sh
# scripts/train-on-proteome.sh SET RUNS [key=value ...]`; the words change every training. What was interrupted is resumed, what is
# finished is not done again. With PROTEOSCOPE set, that command is used in place of `npx proteoscope`; with
# UNTRAINED_PLM=1, the denoiser is trained a second time, on a language model that learned for one step.
set -eu
set_folder=$1
runs=$2
shift 2
changes=$*
proteoscope=${PROTEOSCOPE:-npx proteoscope}

# train NETWORK FOLDER [key=value ...]: into RUNS/FOLDER
train() {
  network=$1
  run=$runs/$2
  shift 2
  if [ -e "$run/finished" ]; then return; fi
  if [ -e "$run/config.yaml" ]; then
    $proteoscope train "$network" -o "$run" --resume
  else
    # shellcheck disable=SC2086 # several words
    $proteoscope train "$network" --data "$set_folder" -o "$run" --config proteome $changes "$@"
  fi
  touch "$run/finished"
}

mkdir -p "$runs"
train plm plm
train autoencoder autoencoder
train classifier classifier
train diffusion diffusion "models.plm=$runs/plm/model" "models.autoencoder=$runs/autoencoder/model"
train cytoself cytoself
if [ "${UNTRAINED_PLM:-0}" = 1 ]; then
  train plm plm-untrained train.steps=1
  train diffusion diffusion-untrained-plm \
    "models.plm=$runs/plm-untrained/model" "models.autoencoder=$runs/autoencoder/model"
fi

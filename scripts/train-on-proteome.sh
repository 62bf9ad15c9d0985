#!/bin/sh
# Trains the whole chain on a simulated proteome with the product's commands, one network on another: `sh
# scripts/train-on-proteome.sh SET RUNS`. What was interrupted is resumed, what is finished is not done again. With
# PROTEOSCOPE set, that command is used in place of `npx proteoscope`.
set -eu
set_folder=$1
runs=$2
proteoscope=${PROTEOSCOPE:-npx proteoscope}

# train NETWORK [key=value ...]: into RUNS/NETWORK
train() {
  network=$1
  shift
  if [ -e "$runs/$network/finished" ]; then return; fi
  if [ -e "$runs/$network/config.yaml" ]; then
    $proteoscope train "$network" -o "$runs/$network" --resume
  else
    $proteoscope train "$network" --data "$set_folder" -o "$runs/$network" \
      --config proteome "$@"
  fi
  touch "$runs/$network/finished"
}

mkdir -p "$runs"
train plm
train autoencoder
train classifier
train diffusion "models.plm=$runs/plm/model" "models.autoencoder=$runs/autoencoder/model"
train cytoself

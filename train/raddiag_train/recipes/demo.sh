#!/usr/bin/env bash
# Retrains and judges the bundled demo model.
#
#   bash train/raddiag_train/recipes/demo.sh OPEN_IMAGES WORK
#
# OPEN_IMAGES holds brain_tumor_mri, busi_breast_ultrasound, chest_xray and head_ct_hemorrhage, a folder a class.
# The model is then in WORK/demo/model. About 2 hours on 2 CPU cores. Run again, it goes on where it stopped.
set -euo pipefail
images=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
recipes=$(dirname "$(realpath "$0")")

raddiag data from-folders --root "$images" --recipe "$recipes/open_images.toml" --split 0.85,0.15,0 \
  --output "$work/images/cases.jsonl"
raddiag data phantom --output "$work/phantoms" --cases 2600 --seed 1 --workers 2 --splits 0.88 0.12 0
raddiag data phantom --output "$work/phantoms_test" --cases 300 --seed 2 --workers 2 --splits 0 0 1

data=(--set "data.cases=[\"$work/images/cases.jsonl\",\"$work/phantoms/cases.jsonl\"]" --set "data.cache=\"$work/prepared\"")
raddiag train "$recipes/demo.toml" --output "$work/first" --resume "${data[@]}"

# Then from there, the batch norms keeping their statistics, with more of the small data sets; last, with cases mixed.
further=("${data[@]}" --set optimisation.frozen_norm_share=0.9999 --set optimisation.localisation_weight=1.0
  --set 'data.source_weights={brain_tumor_mri=0.25,busi_breast_ultrasound=0.2,chest_xray=0.25,head_ct_hemorrhage=0.05,phantom=0.25}')
raddiag train "$recipes/demo.toml" --output "$work/second" --resume "${further[@]}" \
  --set "optimisation.initial_model=\"$work/first/model\"" --set optimisation.steps=900 --set optimisation.learning_rate=6e-4
raddiag train "$recipes/demo.toml" --output "$work/demo" --resume "${further[@]}" --set optimisation.case_mixing=0.3 \
  --set "optimisation.initial_model=\"$work/second/model\"" --set optimisation.steps=350 --set optimisation.learning_rate=3e-4

raddiag evaluate "$work/demo/model" --cases "$work/phantoms_test/cases.jsonl" --pointing
raddiag evaluate "$work/demo/model" --cases "$work/images/cases.jsonl" --split validation --shortcuts

#!/usr/bin/env bash
# Retrains the bundled demo model: first on the open images, then on these and the phantoms together.
#
#   bash train/raddiag_train/recipes/demo.sh OPEN_IMAGES WORK
#
# OPEN_IMAGES holds brain_tumor_mri, busi_breast_ultrasound, chest_xray and head_ct_hemorrhage, a folder a class.
# The model is then in WORK/demo/model. About 1 hour on 2 CPU cores.
set -euo pipefail
images=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
recipes=$(dirname "$(realpath "$0")")

raddiag data from-folders --root "$images" --recipe "$recipes/open_images.toml" --split 0.85,0.15,0 \
  --output "$work/images/cases.jsonl"
raddiag data phantom --output "$work/phantoms" --cases 1500 --seed 1 --workers 2 --splits 0.85 0.15 0
raddiag data phantom --output "$work/phantoms_test" --cases 300 --seed 2 --workers 2 --splits 0 0 1

raddiag train "$recipes/demo.toml" --output "$work/images_only" --resume \
  --set "data.cases=[\"$work/images/cases.jsonl\"]" --set "data.cache=\"$work/prepared\"" \
  --set 'data.source_weights={brain_tumor_mri=0.52,busi_breast_ultrasound=0.17,chest_xray=0.23,head_ct_hemorrhage=0.08}' \
  --set optimisation.steps=3600 --set optimisation.mixup_alpha=0.0
raddiag train "$recipes/demo.toml" --output "$work/demo" --resume \
  --set "data.cases=[\"$work/images/cases.jsonl\",\"$work/phantoms/cases.jsonl\"]" --set "data.cache=\"$work/prepared\"" \
  --set "optimisation.initial_model=\"$work/images_only/model\""

raddiag evaluate "$work/demo/model" --cases "$work/phantoms_test/cases.jsonl" --pointing
raddiag evaluate "$work/demo/model" --cases "$work/images/cases.jsonl" --split validation --shortcuts

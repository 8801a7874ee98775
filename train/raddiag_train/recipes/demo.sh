#!/usr/bin/env bash
# Retrains and judges the bundled demo model.
#
#   bash train/raddiag_train/recipes/demo.sh OPEN_IMAGES WORK
#
# OPEN_IMAGES holds brain_tumor_mri, busi_breast_ultrasound, chest_xray and head_ct_hemorrhage, a folder a class.
# The model is then in WORK/demo/model. About 6 hours on 2 CPU cores. Run again, it goes on where it stopped.
set -euo pipefail
images=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
recipes=$(dirname "$(realpath "$0")")

raddiag data from-folders --root "$images" --recipe "$recipes/open_images.toml" --split 0.85,0.15,0 \
  --output "$work/images/cases.jsonl"
raddiag data phantom --output "$work/phantoms" --cases 2600 --seed 1 --workers 2 --splits 0.88 0.12 0
raddiag data phantom --output "$work/phantoms_test" --cases 300 --seed 2 --workers 2 --splits 0 0 1
raddiag data phantom --output "$work/phantoms_unseen" --cases 300 --seed 4 --workers 2 --unseen

data=(--set "data.cases=[\"$work/images/cases.jsonl\",\"$work/phantoms/cases.jsonl\"]" --set "data.cache=\"$work/prepared\"")
raddiag train "$recipes/demo.toml" --output "$work/first" --resume "${data[@]}"

# go_on NAME FROM STEPS RATE BRAIN BREAST CHEST HEAD PHANTOMS [MORE]: from the weights of FROM, the batch norms keeping their
# statistics, with these shares of the data sets.
go_on() {
  local name=$1 from=$2 steps=$3 rate=$4
  local shares="brain_tumor_mri=$5,busi_breast_ultrasound=$6,chest_xray=$7,head_ct_hemorrhage=$8,phantom=$9"
  raddiag train "$recipes/demo.toml" --output "$work/$name" --resume "${data[@]}" --set "data.source_weights={$shares}" \
    --set "optimisation.initial_model=\"$work/$from/model\"" --set optimisation.frozen_norm_share=0.9999 \
    --set "optimisation.steps=$steps" --set "optimisation.learning_rate=$rate" "${@:10}"
}
coarse=(--set optimisation.localisation_weight=1.0)
fine=(--set optimisation.case_mixing=0.3 --set optimisation.batch_cases=32 --set preparation.image_size_px=224)
go_on second first 900 6e-4 0.25 0.2 0.25 0.05 0.25 "${coarse[@]}"
go_on third second 350 3e-4 0.25 0.2 0.25 0.05 0.25 "${coarse[@]}" --set optimisation.case_mixing=0.3
go_on fourth third 2750 4e-4 0.2 0.2 0.3 0.05 0.25 "${fine[@]}" --set optimisation.localisation_weight=0.4
go_on fifth fourth 240 2e-4 0.66 0.09 0.08 0.05 0.12 "${fine[@]}" --set optimisation.localisation_weight=0.4
volumes=(--set optimisation.localisation_weight=0.3 --set optimisation.volume_localisation_factor=2.0)
go_on sixth fifth 2400 3e-4 0.42 0.12 0.18 0.04 0.24 "${fine[@]}" "${volumes[@]}"

# The last part has a knowledge head, whose map from text starts at the linear head's rows; so the model can be asked
# about a disorder by name.
if ! [ -d "$work/encoder/model" ]; then
  raddiag knowledge build --output "$work/pairs.jsonl"
  raddiag knowledge pretrain "$work/pairs.jsonl" --output "$work/encoder" --resume --set encoder.buckets=16384 --set encoder.width=192
fi
knowledge=(--set network.head.kind=knowledge --set network.head.disorder_bias=true --set "knowledge.encoder=\"$work/encoder\"")
go_on demo sixth 2400 3e-4 0.32 0.16 0.24 0.04 0.24 "${fine[@]}" "${volumes[@]}" "${knowledge[@]}"

raddiag evaluate "$work/demo/model" --cases "$work/phantoms_test/cases.jsonl" --pointing
raddiag evaluate "$work/demo/model" --cases "$work/images/cases.jsonl" --split validation --shortcuts

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Train the shipped models into FOLDER; copy them to python/advphy_model/trained to ship.
set -eu
folder=${1:-results}
mkdir -p "$folder"
cd "$(dirname "$0")/.."

train() {
    name=$1
    shift
    apps/advphy train autoencoder --out "$folder/$name.safetensors" --seed 1 "$@"
}

# At the Eb/N0 that works best (README, "Training Eb/N0").
train autoencoder_mlp
train autoencoder_cnn --set architecture=cnn --set steps=10000
# In the paper's setting: the usual start, 8.5 dB.
paper="--set ebn0_db=8.5 --set hidden_bias=0 --set learning_rate=0.001"
train autoencoder_mlp_8p5db $paper
train autoencoder_cnn_8p5db $paper --set architecture=cnn --set steps=10000
# For breadth.
train autoencoder_mlp_n4_k4 --set n=4
train autoencoder_mlp_n4_k8 --set n=4 --set k=8 --set ebn0_db=3 --set steps=6000 \
    --set batch=2048

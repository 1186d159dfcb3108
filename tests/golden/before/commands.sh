# SPDX-License-Identifier: GPL-3.0-or-later
# The commands of version 0.5.0 (commit 353d06b) that wrote the files of this folder.
# README.md says how they were run. tests/test_before.py and tests/qa_before.py read this
# table and run its commands again.

# Block error rates.
advphy measure bpsk hamming74_hard hamming74_ml two_simplices autoencoder_mlp \
    autoencoder_mlp:nearest_codeword autoencoder_cnn --ebn0-db 1,4 --engine loop \
    --min-errors 1e9 --max-blocks 3e4 --out measure.csv --json measure.json
advphy measure bpsk hamming74_hard hamming74_ml two_simplices autoencoder_mlp \
    autoencoder_mlp:nearest_codeword autoencoder_cnn --ebn0-db 1,4 --engine loop \
    --min-errors 1e9 --max-blocks 1e4 --out half_measure.csv
advphy measure autoencoder_mlp gan_mlp --ebn0-db 2,5 --engine loop --min-errors 200 \
    --relative-width 0.2 --max-blocks 3e5 --seed 7 --first-block 123456 \
    --out stopped.csv --json stopped.json
advphy measure gan_mlp hamming74_ml --attack universal_pgd_gan_mlp --psr-db=-9,-6 \
    --shift random --phase random --ebn0-db 6 --engine loop \
    --min-errors 1e9 --max-blocks 3e4 --out attack.csv --json attack.json
advphy measure gan_mlp --attack noise_jammer --psr-db=-3 --fading rayleigh \
    --ebn0-db 4,7 --engine loop --min-errors 1e9 --max-blocks 3e4 \
    --out jammer.csv --json jammer.json
advphy measure gan_mlp --attack universal_pgd --restarts 1 --steps 3 --ebn0-db 6 \
    --engine loop --min-errors 1e9 --max-blocks 2e4 \
    --out crafted.csv --json crafted.json
advphy measure gan_mlp --attack universal_pgd_gan_mlp --phase random --cancel phases \
    --ebn0-db 6 --engine loop --min-errors 1e9 --max-blocks 2e4 \
    --out canceller.csv --json canceller.json
advphy measure autoencoder_mlp hamming74_ml --ebn0-db 8 --engine loop \
    --channel 'rayleigh_block(coherent=True) + cfo(frequency=0.001)' \
    --min-errors 1e9 --max-blocks 3e4 --out channel.csv --json channel.json
advphy measure hamming74_ml autoencoder_mlp gan_cnn --ebn0-db 3 --engine flowgraph \
    --latency 8192 --min-errors 300 --max-blocks 1e5 \
    --out flowgraph.csv --json flowgraph.json
advphy measure gan_mlp --attack universal_pgd_gan_mlp --sign random --cancel signs \
    --ebn0-db 6 --engine flowgraph --min-errors 1e9 --max-blocks 3e4 \
    --out flowgraph_canceller.csv --json flowgraph_canceller.json

# Block error rates through the modem.
advphy measure-burst autoencoder_mlp hamming74_ml --ebn0-db 3 --frame codewords=8 \
    --min-errors 1e9 --max-blocks 6e3 --out burst.csv --json burst.json
advphy measure-burst autoencoder_mlp hamming74_ml --ebn0-db 3 --frame codewords=8 \
    --min-errors 1e9 --max-blocks 2048 --out half_burst.csv
advphy measure-burst gan_mlp --attack universal_pgd_gan_mlp --phase random \
    --cancel phases --window 512 --channel 'cfo(frequency=0.001)' --ebn0-db 1 \
    --min-errors 1e9 --max-blocks 4e3 --out burst_attack.csv --json burst_attack.json

# Semantic links.
advphy measure-semantic paired_arn_white --eve eve_mnist --images mnist_sample \
    --frames 120 --snr-db 0,10 --engine loop --out semantic.csv --json semantic.json
advphy measure-semantic paired_arn_white --eve eve_mnist --images mnist_sample \
    --frames 50 --snr-db 0,10 --engine loop --out half_semantic.csv
advphy measure-semantic paired_arn_white --eve eve_mnist --images mnist_sample \
    --frames 120 --snr-db 10 --eve-snr-db 5 --no-alice --engine loop \
    --out semantic_open.csv --json semantic_open.json
advphy measure-semantic keyed_arn --key-file old/secret.key --eve eve_mnist \
    --images mnist_sample --frames 120 --first-frame 30 --snr-db 10 --engine loop \
    --out semantic_keyed.csv --json semantic_keyed.json
advphy measure-semantic paired_arn_black --eve eve_mnist --images mnist_sample \
    --frames 120 --snr-db 10 --engine flowgraph \
    --out semantic_flowgraph.csv --json semantic_flowgraph.json

# Links and perturbations; these need torch.
advphy train autoencoder --set k=2 --set n=2 --set batch=64 --set steps=1010 \
    --out trained.safetensors --quiet --json train.json
advphy train autoencoder --settings --json train_settings.json
advphy attack universal_fgm --link autoencoder_mlp --out fgm.safetensors \
    --json attack_fgm.json
advphy evaluate hamming74_ml --psr-db=-6 --over-ebn0-db 8 --restarts 1 --steps 3 \
    --min-errors 20 --max-blocks 5e3 --out evaluation --json evaluate.json
advphy adapt-eve paired_arn_white --images mnist_sample --test-images mnist_sample \
    --intercepts 50 --steps 3 --surrogate-steps 0 --engine loop --out adapted \
    --json adapt_eve.json
advphy synchronism autoencoder_mlp --min-errors 20 --out synchronism \
    --json synchronism.json
advphy reproduce gan-fig3 --quick --ebn0-db 4 --min-errors 20 --out reproduction \
    --json reproduce.json

# What is read: the files above, and what is shipped.
advphy measure old/trained.safetensors old/trained.safetensors:nearest_codeword \
    --ebn0-db 6 --engine loop --min-errors 1e9 --max-blocks 3e4 \
    --out trained.csv --json trained.json
advphy measure hamming74_ml autoencoder_mlp --attack old/fgm.safetensors --ebn0-db 6 \
    --engine loop --min-errors 1e9 --max-blocks 3e4 --out fgm.csv --json fgm.json
advphy info --json info.json
advphy info channels --json info_channels.json
advphy info old/trained.safetensors --json info_link.json
advphy info old/fgm.safetensors --json info_perturbation.json
advphy info keyed_arn --json info_semantic.json
advphy info eve_mnist --json info_eve.json
advphy plot old/measure.csv --at-bler 0.05 --out bler.png --json plot_bler.json
advphy plot old/attack.csv --x psr_db --json plot_psr.json
advphy plot old/burst_attack.csv --json plot_burst.json
advphy plot old/semantic.csv --json plot_semantic.json
advphy plot secrecy old/semantic.csv --json plot_secrecy.json
advphy plot constellation old/trained.safetensors autoencoder_mlp \
    --json plot_constellation.json
advphy plot perturbation old/fgm.safetensors --link autoencoder_mlp \
    --json plot_perturbation.json
advphy plot transfer-matrix autoencoder_mlp hamming74_ml --max-blocks 2e4 \
    --perturbation old/fgm.safetensors --out transfer.png --json plot_transfer.json
advphy plot transfer-matrix old/crafted.csv --json plot_crafted.json

# Over the air.
advphy radio tx autoencoder_mlp --codewords 8 --frames 4 --arm --sink file \
    --args samples.cf32 --json radio_tx.json
advphy radio rx autoencoder_mlp --codewords 8 --frames 4 --source file \
    --args old/samples.cf32 --record received.sigmf-meta --json radio_rx.json
advphy radio check --frames 20 --json radio_check.json
advphy rescore old/received.sigmf-meta --json rescore_received.json
advphy rescore golden/autoencoder_mlp.sigmf-meta --out rescore.csv --json rescore.json
advphy rescore golden/paired_arn_white.sigmf-meta --out rescore_semantic.csv \
    --json rescore_semantic.json

# The installation.
advphy secret new.key --json secret.json
advphy data mnist --json data.json
advphy completion bash --json completion.json
advphy doctor --json doctor.json
advphy bench --rounds 1 --json bench.json

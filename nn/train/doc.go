// Package train trains a network: it opens the data, builds the network, runs epochs of steps and validation, and keeps
// a run directory from which a stopped run continues bit for bit.
//
//	cfg := train.Defaults()
//	cfg.Epochs = 10
//	result, err := train.Run(ctx, cfg, train.Options{Stderr: os.Stderr})
//	if errors.Is(err, train.ErrInterrupted) { // ctx was cancelled
//		result, err = train.Resume(ctx, dir, train.Options{})
//	}
//
// A run directory holds config.json, environment.json, results.csv, weights/best.safetensors, weights/last.safetensors
// and checkpoint/checkpoint.safetensors, and beside that previous.safetensors, the checkpoint before it. Every file is
// replaced atomically: a crash leaves the old or the new one.
package train

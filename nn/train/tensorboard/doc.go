// Package tensorboard writes the event files that TensorBoard reads. Its hooks record a training run:
//
//	hooks := tensorboard.Hooks("", tensorboard.Options{Weights: read})
//	result, err := train.Run(ctx, cfg, train.Options{Hooks: hooks})
//
// after which tensorboard --logdir runs shows
//
//	Scalars         loss, accuracy, learning rate and speed over training steps
//	Histograms      every parameter at each epoch's end, its gradient if wanted
//	Distributions   the same
//	Images          what Options.Images draws at each epoch's end
//	Graphs          the network, its names' parts as nested boxes
//	Text            the settings
//	HParams         runs side by side by setting and result
//
// An event file is a sequence of TFRecords, each an Event message of TensorFlow's event.proto. The format has two
// generations of values. Scalars, histograms and images are written in the first (simple_value, histo, image), as
// PyTorch writes them: every TensorBoard reads those, and so do other programs. Text and settings exist in the second
// only, as tensors that name their plugin.
package tensorboard

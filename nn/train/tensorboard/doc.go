// Package tensorboard writes the event files that TensorBoard reads, and as hooks records a training run in one:
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
// An event file is a run of TFRecords, each an Event message of TensorFlow's event.proto. There are two generations of
// each kind of event. Scalars, histograms and images are written in the first, simple_value, histo and image, as
// PyTorch does: every TensorBoard shows those (newer ones convert them as they read), and so do the other programs that
// read event files. What came later, text and settings, exists in the second only, tensors that name their plugin.
package tensorboard

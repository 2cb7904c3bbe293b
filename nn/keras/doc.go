// Package keras exchanges networks with Keras 3: it writes files that keras.models.load_model opens, and reads weights
// that Keras wrote.
//
//	model.h5           the whole model in one HDF5 file      load_model("model.h5")
//	model.keras        the same as a zip archive             load_model("model.keras")
//	model.weights.h5   weights; the model is Config's JSON   model_from_json(text).load_weights("model.weights.h5")
//
// The Keras model takes images N, H, W, C with values 0 to 255, as bytes or floats, and gives probabilities; the layer
// before its last one gives logits. Layers are named as the nodes are, with an underscore for each dot: stem,
// blocks_0_conv1. What an op does besides is a layer of its own, the node's name with _relu, _pad, _flatten or the like
// behind.
//
// Layouts differ. A convolution's kernel is H, W, I, O in Keras, O, I, H, W here. A dense layer's is in, out, and its
// input is flattened H, W, C; ours is out, in, flattened C, H, W. Batch norm's weight, bias, running_mean and
// running_var are gamma, beta, moving_mean and moving_variance, and Keras' momentum is 1 - ours. The moving variance
// takes the biased variance of a batch in Keras, the unbiased one here, which matters to training only.
package keras

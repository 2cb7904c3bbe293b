// Package keras exchanges networks with Keras 3. It writes files that keras.models.load_model opens, and reads weights
// that Keras saved.
//
//	model.h5           the whole model in one HDF5 file      load_model("model.h5")
//	model.keras        the same as a zip archive             load_model("model.keras")
//	model.weights.h5   weights; the model is Config's JSON   model_from_json(text).load_weights("model.weights.h5")
//
// The Keras model takes images N, H, W, C with values 0 to 255, as bytes or floats, and returns probabilities; its last
// layer but one returns logits. Layers have the names of the nodes, with underscores for dots: stem, blocks_0_conv1. If
// a node needs several layers, the others have a suffix such as _relu, _pad or _flatten.
//
// Layouts differ. The kernel of a convolution is H, W, I, O in Keras and O, I, H, W here. That of a dense layer is in,
// out with inputs flattened as H, W, C in Keras, and out, in with inputs flattened as C, H, W here. The weight, bias,
// running_mean and running_var of batch norm are gamma, beta, moving_mean and moving_variance in Keras; its momentum is
// 1 minus ours. The moving variance averages biased variances of the batches in Keras, unbiased ones here, which
// matters in training only.
package keras

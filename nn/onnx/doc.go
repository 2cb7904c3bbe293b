// Package onnx writes a network as an ONNX model, which onnxruntime, OpenCV and others run without this program:
//
//	err := onnx.Write(file, graph, onnx.FromExecutor(exec, graph), onnx.Options{Fold: true})
//
// The model takes one input, images, and gives one output, logits or probabilities. What becomes of an op:
//
//	Input                nothing, or Sub and Div; of bytes Transpose and Cast too
//	Conv                 Conv
//	BatchNorm            BatchNormalization; nothing where it is folded
//	AvgPool              AveragePool, which counts padding
//	MaxPool              MaxPool
//	GlobalAvgPool        GlobalAveragePool
//	ReLU, Add            Relu, Add
//	Linear               Flatten, Gemm
//	SoftmaxCrossEntropy  nothing, or Softmax
//	a ReLU: true         Relu after it
//
// A node has the name of the graph's node, with /relu, /flatten and so on where one becomes several; initializers have
// the parameters' names, as in a weights file. Each tensor is named after the node that computes it, but for the
// output.
package onnx

// Package onnx writes a network as an ONNX model, which onnxruntime, OpenCV and others run without this program:
//
//	err := onnx.Write(file, graph, onnx.FromExecutor(exec, graph), onnx.Options{Fold: true})
//
// The model has one input, images, and one output, logits or probabilities. Ops become these ONNX nodes:
//
//	Input                nothing, or Sub and Div; with Options.Bytes also Transpose and Cast
//	Conv                 Conv
//	BatchNorm            BatchNormalization, or nothing if it is folded
//	AvgPool              AveragePool, which counts padding
//	MaxPool              MaxPool
//	GlobalAvgPool        GlobalAveragePool
//	ReLU, Add            Relu, Add
//	Linear               Flatten, Gemm
//	SoftmaxCrossEntropy  nothing, or Softmax
//	a ReLU: true         Relu after it
//
// A node keeps the name of the graph's node; where one becomes several, the others have a suffix such as /relu or
// /flatten. Initializers have the names of the parameters, as in a weights file. Every tensor except the output is
// named after the node that computes it.
package onnx

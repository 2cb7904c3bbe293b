// Package nn holds the network and the contract of its backends: a graph of ops built by plain Go functions, a static
// plan that fixes the order of all instructions and the place of every tensor in memory, and the interfaces of a
// backend that binds a plan to kernels and runs it.
//
//	graph, err := models.Build(models.Config{Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10,
//		Options: "base_channels=16 hidden=512"})
//	backend, err := cpu.New(cpu.Config{Threads: 2})
//	exec, err := backend.Compile(graph, nn.PlanConfig{Batch: 32, Optimizer: nn.NewAdam()})
//	err = nn.Initialize(exec, graph, 1)
//	err = exec.Write(nn.Ref{Value: graph.Images}, pixels)
//	err = exec.Write(nn.Ref{Value: graph.Labels}, nn.Bytes(labels))
//	err = exec.Run(nn.Train, 32)
//
// An op has one file here, with its shapes, parameters and cost, and one under the same name in each of packages cpu
// and cuda, with its forward and backward pass: conv.go, cpu/conv.go, cuda/conv.go. Shapes are written N, C, H, W;
// activations lie in memory as N, H, W, C on every backend.
//
// There is no automatic differentiation and no dynamic shape, and the graph is never rewritten. A backend may fuse
// neighbouring nodes, so that one kernel does the work of several; its Schedule then tells the planner how long each
// tensor must live.
package nn

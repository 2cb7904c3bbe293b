// Package nn holds the network: a graph of ops built by plain Go functions, a static plan that gives every step its
// order and every tensor its place in memory, and the backends that bind a plan to kernels and run it.
//
//	graph, _ := nn.Build(nn.Config{Model: "fashion-resnet", ...})
//	backend, _ := nn.New(nn.Config{Threads: 2})
//	plan, _ := nn.NewPlan(graph, nn.PlanConfig{Batch: 32, Optimizer: nn.NewAdam(), Target: backend})
//	exec, _ := backend.Compile(plan)
//	exec.Write(nn.Ref{Value: graph.Images}, pixels)
//	exec.Run(nn.Train, 32)
//
// Every op has its shapes, parameters and cost in <op>.go and its forward and backward pass on the CPU in <op>_cpu.go.
// Shapes are written N, C, H, W; activations lie in memory as N, H, W, C on every backend. There is no automatic
// differentiation and no dynamic shape. The graph is never rewritten: a fused op is an op. A backend may let the
// kernels of neighbouring nodes do each other's work (fusion); its Schedule then tells the planner how long each tensor
// must live.
package nn

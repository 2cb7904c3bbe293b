"""Reference values for the fashion-resnet model, computed by PyTorch in float64.

    FASHION_MNIST=DIR python3 gen_golden.py OUT SEED BASE HIDDEN BATCH STEPS

DIR holds train-images-idx3-ubyte and train-labels-idx1-ubyte, gzipped (.gz) or not; torch and numpy must be installed.
The two sets that the tests know (the first is kept beside this file; the other has 35 MB, make it when needed; torch
1.13 and 2.15 agree):

    python3 gen_golden.py small 7 4 16 8 3
    python3 gen_golden.py full 11 16 512 32 5

Writes OUT.safetensors, float32 unless said otherwise. B = BATCH, S = STEPS; the images are training images of
Fashion-MNIST.
  images       (S*B, 28, 28) uint8     batch s is images[s*B:(s+1)*B]
  labels       (S*B,) uint8
  init/NAME    every parameter and running statistic before step 0 (conv O,I,H,W; linear out,in)
  logits       (B, 10)  batch 0, on batch statistics, before any update
  loss         (S,)     mean cross-entropy of each batch, before that batch's update
  grad/NAME    gradient of loss[0] with respect to every trainable parameter
  step1/NAME   parameters and running statistics after one Adam step (lr 1e-3, beta 0.9 0.999, eps 1e-7)
  final/NAME   the same after S steps
  sgd_loss, sgd_final/NAME   the same batches from init with SGD: lr 0.0003, Nesterov momentum 0.9 (PyTorch's form),
                             no decay
  eval_logits  (B, 10)  batch 0 on running statistics, after the S Adam steps
init is not what training starts from: biases and batch norm weights are random, so that no gradient is trivially zero.

Numerics are Keras': TensorFlow's 'same' padding in the stem (0 top and left, 1 bottom and right); batch norm with eps
1e-3 and running = 0.99*running + 0.01*batch, where the batch variance is the unbiased one (n/(n-1)) in the running
average and the biased one in the normalisation; Adam with eps outside the bias correction.
"""
import copy, os, sys, torch, torch.nn.functional as F, numpy as np
from files import load, save_safetensors
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../../../bench/peers'))
from seednet import SeedNet, keras_init

def snapshot(net, prefix):
    return {prefix + k: v.detach().numpy().astype(np.float32) for k, v in net.state_dict().items()
            if 'num_batches' not in k}

def keras_adam(params, state, t, lr=1e-3, b1=0.9, b2=0.999, eps=1e-7):
    with torch.no_grad():
        lr_t = lr * (1 - b2**t)**0.5 / (1 - b1**t)  # Keras' form: eps is added to sqrt(v) before bias correction of v
        for p in params:
            m, v = state.setdefault(p, (torch.zeros_like(p), torch.zeros_like(p)))
            m.mul_(b1).add_(p.grad, alpha=1-b1); v.mul_(b2).addcmul_(p.grad, p.grad, value=1-b2)
            p.sub_(lr_t * m / (v.sqrt() + eps))

def sgd_nesterov(params, state, lr=0.0003, momentum=0.9):
    with torch.no_grad():
        for p in params:
            v = state.setdefault(p, torch.zeros_like(p)); v.mul_(momentum).add_(p.grad)
            p.sub_(lr * (p.grad + momentum * v))       # PyTorch's form

def run(out, seed, base, hidden, B, S, dtype=torch.float64):
    torch.manual_seed(seed)
    net = SeedNet(base=base, hidden=hidden); keras_init(net, seed)
    with torch.no_grad():                      # float32-representable start, biases and BN not all trivial
        g = torch.Generator().manual_seed(seed + 1)
        for n, p in net.named_parameters():
            if 'bn' in n and n.endswith('weight'): p.uniform_(0.5, 1.5, generator=g)
            elif n.endswith('bias'): p.normal_(0, 0.1, generator=g)
    net = net.to(dtype); net.train(); twin = copy.deepcopy(net)
    X, Y = load('train'); rs = np.random.RandomState(seed); pick = rs.permutation(len(X))[:B*S]
    X, Y = X[pick], Y[pick]
    t = {'images': X, 'labels': Y}; t.update(snapshot(net, 'init/'))
    losses = []; state = {}; params = list(net.parameters())
    for s in range(S):
        x = torch.from_numpy(X[s*B:(s+1)*B].astype(np.float64)/255).to(dtype)[:, None]
        y = torch.from_numpy(Y[s*B:(s+1)*B].astype(np.int64))
        z = net(x); loss = F.cross_entropy(z, y); losses.append(loss.item())
        net.zero_grad(); loss.backward()
        if s == 0:
            t['logits'] = z.detach().numpy().astype(np.float32)
            t.update({'grad/' + n: p.grad.numpy().astype(np.float32) for n, p in net.named_parameters()})
        keras_adam(params, state, s + 1)
        if s == 0: t.update(snapshot(net, 'step1/'))
    t['loss'] = np.array(losses, np.float32); t.update(snapshot(net, 'final/'))
    net.eval()
    with torch.no_grad():
        t['eval_logits'] = net(
            torch.from_numpy(X[:B].astype(np.float64)/255).to(dtype)[:, None]).numpy().astype(np.float32)
    state = {}; losses2 = []                   # the same batches again from the same start, with SGD
    for s in range(S):
        x = torch.from_numpy(X[s*B:(s+1)*B].astype(np.float64)/255).to(dtype)[:, None]
        y = torch.from_numpy(Y[s*B:(s+1)*B].astype(np.int64))
        loss = F.cross_entropy(twin(x), y); losses2.append(loss.item())
        twin.zero_grad(); loss.backward(); sgd_nesterov(list(twin.parameters()), state)
    t['sgd_loss'] = np.array(losses2, np.float32); t.update(snapshot(twin, 'sgd_final/'))
    if out is None: return t
    save_safetensors(out + '.safetensors', t, {'base': str(base), 'hidden': str(hidden), 'batch': str(B),
                                               'steps': str(S), 'seed': str(seed), 'torch': torch.__version__})
    print(out, 'loss', losses)

if __name__ == '__main__':
    a = sys.argv; run(a[1], *map(int, a[2:7]))

"""The fashion-resnet model in PyTorch with Keras' numerics: TensorFlow's 'same' padding in the stem (stride 2 on 28 pads 0 top and
left, 1 bottom and right), batch norm eps 1e-3 and momentum 0.99 (0.01 as PyTorch counts), normal(0, 0.05) convolutions, Glorot
uniform linear layers. Also readers of IDX files and a writer and reader of safetensors files.
"""
import torch, torch.nn as nn, torch.nn.functional as F, numpy as np, gzip, os, struct, json

def bn(c): return nn.BatchNorm2d(c, eps=1e-3, momentum=0.01)

class Block(nn.Module):
    def __init__(s, cin, b):
        super().__init__()
        s.shortcut = nn.Module(); s.shortcut.bn = bn(cin); s.shortcut.conv = nn.Conv2d(cin, b, 1, bias=False)
        s.conv1 = nn.Conv2d(cin, b, 1, bias=False); s.bn1 = bn(b)
        s.conv2 = nn.Conv2d(b, 2*b, 3, padding=1, bias=False); s.bn2 = bn(2*b)
        s.conv3 = nn.Conv2d(2*b, b, 1, bias=False)
    def forward(s, x):
        r = s.shortcut.conv(F.relu(s.shortcut.bn(x)))
        y = F.relu(s.bn1(s.conv1(x)))
        y = F.relu(s.bn2(s.conv2(y)))
        return F.relu(s.conv3(y) + r)

class SeedNet(nn.Module):
    def __init__(s, base=16, hidden=512, classes=10, side=28):
        super().__init__()
        s.stem = nn.Conv2d(1, base, 3, stride=2, bias=False)
        cs = [base, base, 2*base, 2*base, 4*base]
        s.blocks = nn.ModuleList([Block(cs[i], cs[i+1]) for i in range(4)])
        f = 4*base*(side//4)**2
        s.fc1 = nn.Linear(f, hidden) if hidden else None
        s.fc2 = nn.Linear(hidden or f, classes)
    def forward(s, x):
        x = s.stem(F.pad(x, (0, 1, 0, 1)))
        for b in s.blocks: x = b(x)
        x = F.avg_pool2d(x, 2).flatten(1)
        if s.fc1 is not None: x = F.relu(s.fc1(x))
        return s.fc2(x)

def keras_init(net, seed):
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, nn.Conv2d): m.weight.normal_(0, 0.05, generator=g)
            if isinstance(m, nn.Linear):
                lim = (6/(m.in_features+m.out_features))**.5
                m.weight.uniform_(-lim, lim, generator=g); m.bias.zero_()

def idx(path):
    b = open(path, 'rb').read() if os.path.exists(path) else gzip.open(path + '.gz').read(); n = b[3]; d = struct.unpack('>'+'I'*n, b[4:4+4*n])
    return np.frombuffer(b, np.uint8, offset=4+4*n).reshape(d)
def load(split): 
    p = os.path.join(os.environ['FASHION_MNIST'], 'train' if split=='train' else 't10k')
    return idx(p+'-images-idx3-ubyte'), idx(p+'-labels-idx1-ubyte')

def save_safetensors(path, tensors, meta=None):
    h={}; off=0; blobs=[]
    if meta: h['__metadata__']=meta
    names={'float32':'F32','float64':'F64','int64':'I64','uint8':'U8','int32':'I32'}
    for k,v in tensors.items():
        v=np.ascontiguousarray(v); h[k]={'dtype':names[str(v.dtype)],'shape':list(v.shape),'data_offsets':[off,off+v.nbytes]}
        off+=v.nbytes; blobs.append(v.tobytes())
    j=json.dumps(h).encode(); j+=b' '*((8-len(j)%8)%8)
    with open(path,'wb') as f: f.write(struct.pack('<Q',len(j))); f.write(j); [f.write(b) for b in blobs]

def load_safetensors(path):
    b=open(path,'rb').read(); n=struct.unpack('<Q',b[:8])[0]; h=json.loads(b[8:8+n]); h.pop('__metadata__',None)
    t={'F32':np.float32,'F64':np.float64,'I64':np.int64,'U8':np.uint8,'I32':np.int32}
    return {k:np.frombuffer(b[8+n+v['data_offsets'][0]:8+n+v['data_offsets'][1]],t[v['dtype']]).reshape(v['shape']) for k,v in h.items()}

if __name__=='__main__':
    n=SeedNet(); tr=sum(p.numel() for p in n.parameters()); nt=sum(b.numel() for k,b in n.named_buffers() if 'running' in k)
    print('trainable',tr,'non-trainable',nt,'total',tr+nt)
    for k,v in n.state_dict().items():
        if 'num_batches' not in k: print(k, tuple(v.shape))

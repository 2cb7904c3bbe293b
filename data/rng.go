package data

// Stream separates the random numbers that one seed serves: more numbers for one purpose never change those of another.
// Runs are reproduced by these values, so they must never change.
type Stream uint64

const (
	StreamShuffle Stream = 0 // order of the images in an epoch
	StreamHoldout Stream = 1 // which training images are held out for validation
	StreamAugment Stream = 2 // crops, flips and the like
)

// Key is the random number of one image: 64 well mixed bits that depend on the arguments alone, so that every backend,
// worker or resumed run computes the same. It is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), split three times:
//
//	Key = nth(nth(nth(seed, stream), epoch), index)
//
// where nth(s, n) is output n, counted from 0, of SplitMix64 with state s. Within one (seed, stream, epoch) no two
// indices share a key.
func Key(seed uint64, stream Stream, epoch, index int) uint64 {
	return nth(nth(nth(seed, uint64(stream)), uint64(epoch)), uint64(index))
}

// nth returns output n, counted from 0, of SplitMix64 with that state.
func nth(state, n uint64) uint64 {
	z := state + (n+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC returns the CRC-32C of p, rotated right by 15 bits plus a constant: a CRC over data that contains CRCs
// would be weak.
func maskedCRC(p []byte) uint32 {
	const delta = 0xa282ead8
	c := crc32.Checksum(p, castagnoli)
	return (c>>15 | c<<17) + delta
}

// appendRecord appends data to b as a TFRecord, in little-endian order:
//
//	8 bytes   length of the data
//	4 bytes   masked CRC of the length
//	          the data
//	4 bytes   masked CRC of the data
func appendRecord(b, data []byte) []byte {
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(data)))
	b = append(b, length[:]...)
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(length[:]))
	b = append(b, data...)
	return binary.LittleEndian.AppendUint32(b, maskedCRC(data))
}

package kafka

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// What stands beside a committed offset: which lines above it are dealt with
// already, so that the next owner of the partition does not deliver them again.
// Requests end in another order than they begin, so a slow one holds the offset
// back while later ones are delivered.
//
//	t1:<base64 of the distances between their positions, as uvarints, from low on>
const metadataMark = "t1:"

// maxMetadata is below offset.metadata.max.bytes, 4,096 unless a broker's
// configuration says otherwise (Apache Kafka 0.8.2 to 4.1).
const maxMetadata = 3800

// packResolved writes positions, which ascend from low on. Those that do not fit
// are left out, the highest first.
func packResolved(low int64, resolved []int64) string {
	var packed []byte
	last := low
	for _, offset := range resolved {
		if offset < last {
			continue
		}
		next := binary.AppendUvarint(packed, uint64(offset-last))
		if base64.RawStdEncoding.EncodedLen(len(next))+len(metadataMark) > maxMetadata {
			break
		}
		packed, last = next, offset
	}
	if len(packed) == 0 {
		return ""
	}
	return metadataMark + base64.RawStdEncoding.EncodeToString(packed)
}

// unpackResolved reads what packResolved wrote; nil for anything else.
func unpackResolved(low int64, metadata string) []int64 {
	text, ours := strings.CutPrefix(metadata, metadataMark)
	packed, err := base64.RawStdEncoding.DecodeString(text)
	if !ours || err != nil {
		return nil
	}
	var resolved []int64
	for last := low; len(packed) > 0; {
		step, n := binary.Uvarint(packed)
		if n <= 0 || step > 1<<60 {
			return nil
		}
		packed = packed[n:]
		last += int64(step)
		resolved = append(resolved, last)
	}
	return resolved
}

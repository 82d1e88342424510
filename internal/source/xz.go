package source

// xzHeadSize is the size in bytes of an xz stream header and of the longest
// block header after it (xz file format 1.0.4, sections 2.1.1 and 3.1).
const xzHeadSize = 12 + 1024

// xzDictionary returns the size in bytes of the dictionary that the first block
// of an xz file needs, 0 when head doesn't tell. The decoder makes the dictionary
// before it reads a byte, so it has to be known first. All blocks that one run of
// xz writes have the same dictionary.
func xzDictionary(head []byte) int64 {
	const (
		sizes = 0xc0 // block flags: compressed and uncompressed size are there
		lzma2 = 0x21 // filter ID
	)
	if len(head) < 12+2 {
		return 0
	}
	flags, rest := head[13], head[14:]
	for bit := byte(0x40); bit != 0; bit <<= 1 {
		if flags&sizes&bit != 0 {
			rest = skipNumber(rest)
		}
	}
	for range flags&0x03 + 1 {
		if len(rest) < 3 {
			return 0
		}
		if rest[0] == lzma2 {
			return lzma2Dictionary(rest[2])
		}
		rest = rest[min(2+int(rest[1]), len(rest)):]
	}
	return 0
}

// skipNumber skips a number of variable length (section 1.2).
func skipNumber(b []byte) []byte {
	for i, c := range b {
		if c&0x80 == 0 {
			return b[i+1:]
		}
	}
	return nil
}

// lzma2Dictionary decodes a dictionary size (section 5.3.1).
func lzma2Dictionary(bits byte) int64 {
	if bits >= 40 {
		return 1<<32 - 1
	}
	return int64(2|bits&1) << (bits/2 + 11)
}

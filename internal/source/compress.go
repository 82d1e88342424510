package source

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// maxWindow is the most memory in bytes that a compressed input may ask for to
// remember what it decompressed. `zstd -19` asks for 8 MiB, `zstd --ultra -22`
// for 128 MiB; `xz -9` for 64 MiB.
const maxWindow = 64 << 20

// A DamagedError says that compressed input ends or breaks before its own end.
// The lines before the damage have been returned; of an xz file those in the
// damaged LZMA2 chunk, at most 2 MiB, are lost too, for its decoder keeps them.
type DamagedError struct {
	Path   string // "-" for standard input
	Format string // "gzip", "zstd", "xz" or "Docker's local log"
	Offset int64  // decompressed bytes before the damage
	Err    error  // io.ErrUnexpectedEOF for an input that is cut short
}

func (e *DamagedError) Error() string {
	if errors.Is(e.Err, io.ErrUnexpectedEOF) {
		return fmt.Sprintf("decompress %s: %s ends early, after %d decompressed bytes", e.Path, e.Format, e.Offset)
	}
	return fmt.Sprintf("decompress %s: %s broken after %d decompressed bytes: %v", e.Path, e.Format, e.Offset, e.Err)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// errWindow says that decompression asks for more memory than maxWindow.
var errWindow = errors.New("more memory than allowed")

// A decompressor yields the decompressed bytes of an input, whatever its format (those
// of a file of Docker's `local` driver as lines in the CRI form),
// and every error but io.EOF as a *DamagedError.
type decompressor struct {
	src    io.Reader
	path   string
	format string // "" for input that isn't compressed
	n      int64
	close  func()
}

// decompress looks at the first bytes of src, never at its name.
func decompress(src io.Reader, path string) (*decompressor, error) {
	buffered := bufio.NewReaderSize(src, 64<<10)
	// Whatever is wrong with the input shows again when it is read.
	head, _ := buffered.Peek(xzHeadSize)
	var err error
	d := &decompressor{path: path, format: formatOf(head), close: func() {}}
	switch d.format {
	case "gzip":
		d.src, err = gzip.NewReader(buffered)
	case "zstd":
		err = d.openZstd(buffered)
	case "xz":
		err = d.openXZ(buffered, head)
	default:
		d.src = buffered
	}
	if err != nil {
		return nil, d.damaged(err)
	}
	d.unpackLocal()
	return d, nil
}

// unpackLocal goes on to the lines of a file of Docker's `local` driver, whose rotated
// ones are compressed.
func (d *decompressor) unpackLocal() {
	buffered, ok := d.src.(*bufio.Reader)
	if !ok {
		buffered = bufio.NewReader(d.src)
		d.src = buffered
	}
	if head, err := buffered.Peek(localHead); err == nil && isLocalLog(head) {
		d.src, d.format = &localLog{src: buffered}, localFormat
	}
}

func (d *decompressor) openZstd(src io.Reader) error {
	// With a concurrency of 1 the decoder starts no goroutine.
	z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return err
	}
	d.src, d.close = z, z.Close
	return nil
}

func (d *decompressor) openXZ(src io.Reader, head []byte) error {
	if size := xzDictionary(head); size > maxWindow {
		return fmt.Errorf("dictionary of %d bytes: %w", size, errWindow)
	}
	x, err := xz.NewReader(src)
	if err != nil {
		return err
	}
	d.src = x
	return nil
}

// Read implements io.Reader.
func (d *decompressor) Read(p []byte) (int, error) {
	n, err := d.src.Read(p)
	d.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = d.damaged(err)
	}
	return n, err
}

// damaged says what is wrong with the input, and where.
func (d *decompressor) damaged(err error) error {
	if d.format == "" {
		return fmt.Errorf("read %s: %w", d.path, err)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return &DamagedError{Path: d.path, Format: d.format, Offset: d.n, Err: err}
}

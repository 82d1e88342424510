package spool

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// keyBytes is the length of a key: AES-256.
const keyBytes = 32

// renewEvery is how often the key of a spool that runs empty is thrown away.
const renewEvery = time.Hour

// sealer hides what is on disk. A log holds keys and prompts in clear text, and
// bbolt keeps what was deleted in free pages: with a key of its own, which is thrown
// away once all that it hid was released, none of it can be read any more. Whoever
// has the file and its key can read it: it is no protection from them.
//
// Each byte is hidden by AES in counter mode, the counter being its place in the
// stream, so that any byte can be read by itself and lengths stay. Nothing is
// written twice at one place with one key: an append that failed left nothing.
type sealer struct {
	path  string // of the key
	block cipher.Block
	made  time.Time
}

// openSealer reads the key beside the spool at path. It makes one if there is none
// and the spool is empty.
func openSealer(path string, empty bool) (*sealer, error) {
	s := &sealer{path: path + ".key"}
	key, err := os.ReadFile(s.path)
	switch {
	case err == nil && len(key) == keyBytes && !empty:
		return s, s.use(key)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read key of spool: %w", err)
	case !empty:
		return nil, fmt.Errorf("%w (%s is not its key); move both away to start with an empty one", ErrCorrupt, s.path)
	}
	return s, s.renew()
}

func (s *sealer) use(key []byte) (err error) {
	s.made = time.Now()
	s.block, err = aes.NewCipher(key)
	return err
}

// renew throws the key away: what it hid is lost. The new one is on disk when it
// returns.
func (s *sealer) renew() error {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails
	const private = 0o600
	fresh := s.path + ".new"
	file, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, private)
	if err != nil {
		return fmt.Errorf("write key of spool: %w", err)
	}
	_, err = file.Write(key)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(fresh, s.path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(s.path))
	}
	if err != nil {
		return fmt.Errorf("write key of spool: %w", err)
	}
	return s.use(key)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// copy is the sealer as it is now, for a reader.
func (s *sealer) copy() *sealer { return &sealer{block: s.block} }

// hide writes to dst what stands for src in the chunk that begins at the stream's
// offset begin, from its byte at on. Twice gives src again. dst may be src.
func (s *sealer) hide(dst, src []byte, begin int64, at int) {
	var counter [aes.BlockSize]byte
	binary.BigEndian.PutUint64(counter[:8], uint64(begin))
	binary.BigEndian.PutUint64(counter[8:], uint64(at/aes.BlockSize))
	stream := cipher.NewCTR(s.block, counter[:])
	var skip [aes.BlockSize]byte
	stream.XORKeyStream(skip[:at%aes.BlockSize], skip[:at%aes.BlockSize])
	stream.XORKeyStream(dst, src)
}

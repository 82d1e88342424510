package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"tailer/ship"
)

// ErrInUse says that another process has the ledger.
var ErrInUse = errors.New("ledger is in use by another process")

// ErrCorrupt says that the file is no ledger, or a damaged one. Nothing repairs
// it: without it, a server that keeps every row has to be asked what it has.
var ErrCorrupt = errors.New("ledger cannot be read")

const (
	ownerOnly      = 0o600
	format         = 1
	defaultMaxAge  = 90 * 24 * time.Hour
	defaultEntries = 10_000_000
	defaultWait    = time.Second
)

// Config bounds a DB.
type Config struct {
	MaxAge     time.Duration // of what was accepted; 0: 90 days
	MaxEntries int           // accepted, of one sink; the oldest go first, by whole days; 0: 10,000,000, some 600 MB
	Wait       time.Duration // for another process to let go of the file; 0: 1 s
	Logger     *slog.Logger  // nil: silent
	Spare      func() int64  // bytes of disk that payloads may still take; nil: as many as there are
}

// ErrDiskFull says that what is left of the disk is kept for noting what is
// delivered: that is what makes room again.
var ErrDiskFull = errors.New("the disk is full but for a reserve")

// The buckets of the file.
var (
	metaBucket    = []byte("meta")    // format, last pruning
	sinksBucket   = []byte("sinks")   // name → number, since
	waitingBucket = []byte("waiting") // seq → entry
	payloadBucket = []byte("payload") // seq → payload
	doneBucket    = []byte("done")    // number → key → mark
	projectBucket = []byte("project") // name of a sink → where its items go, as its server says
	formatKey     = []byte("format")
	prunedKey     = []byte("pruned")
)

// DB is an open ledger. Its methods may be called concurrently.
type DB struct {
	path string
	cfg  Config
	bolt *bbolt.DB
}

var _ ship.Store = (*DB)(nil)

// Open opens or makes the ledger at path, readable by its owner only. It shrinks
// a file that is mostly free, and prunes once a day. Errors: ErrInUse, ErrCorrupt,
// those of the disk.
func Open(path string, cfg Config) (*DB, error) {
	if cfg.MaxAge < 0 || cfg.MaxEntries < 0 || cfg.Wait < 0 {
		return nil, errors.New("limits of the ledger must not be negative")
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = defaultMaxAge
	}
	if cfg.MaxEntries == 0 {
		cfg.MaxEntries = defaultEntries
	}
	if cfg.Wait == 0 {
		cfg.Wait = defaultWait
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Logger = cfg.Logger.With("component", "ledger")
	db := &DB{path: path, cfg: cfg}
	_, err := os.Lstat(path)
	isNew := errors.Is(err, os.ErrNotExist)
	if db.bolt, err = open(path, cfg.Wait); err != nil {
		return nil, err
	}
	if err := db.prepare(isNew); err != nil {
		return nil, errors.Join(err, db.bolt.Close())
	}
	return db, nil
}

func open(path string, wait time.Duration) (*bbolt.DB, error) {
	return openWith(path, &bbolt.Options{Timeout: wait, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
}

func openWith(path string, options *bbolt.Options) (*bbolt.DB, error) {
	bolt, err := bbolt.Open(path, ownerOnly, options)
	switch {
	case err == nil:
		return bolt, nil
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("open ledger %s: %w", path, ErrInUse)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, fmt.Errorf("open ledger %s: %w: %w; move it away to go on without it", path, ErrCorrupt, err)
	default:
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
}

// prepare makes a new file's buckets and looks after an old one.
func (db *DB) prepare(isNew bool) error {
	if err := db.checkFormat(); err != nil {
		return err
	}
	if isNew {
		return syncDirectory(filepath.Dir(db.path))
	}
	if err := db.pruneDaily(time.Now()); err != nil {
		return err
	}
	return db.shrink()
}

func (db *DB) checkFormat() error {
	return db.bolt.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{metaBucket, sinksBucket, waitingBucket, payloadBucket, doneBucket, projectBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return fmt.Errorf("prepare ledger %s: %w", db.path, err)
			}
		}
		meta := tx.Bucket(metaBucket)
		switch text := meta.Get(formatKey); {
		case text == nil:
			return meta.Put(formatKey, []byte{format})
		case len(text) != 1 || text[0] != format:
			return fmt.Errorf("open ledger %s: %w: format %v is not %d: another version of tailer wrote it", db.path, ErrCorrupt, text, format)
		}
		return nil
	})
}

// Path is where the file is.
func (db *DB) Path() string { return db.path }

// Close closes the file.
func (db *DB) Close() error {
	if err := db.bolt.Close(); err != nil {
		return fmt.Errorf("close ledger %s: %w", db.path, err)
	}
	return nil
}

// Sink implements ship.Store. Numbers are given out once and for all.
func (db *DB) Sink(name string) (number int, since time.Time, err error) {
	err = db.bolt.Update(func(tx *bbolt.Tx) error {
		sinks := tx.Bucket(sinksBucket)
		if value := sinks.Get([]byte(name)); value != nil {
			number, since = decodeSink(value)
			return nil
		}
		number, since = sinks.Stats().KeyN, time.Now().UTC()
		if number >= ship.MaxSinks {
			return fmt.Errorf("%d sinks are known already", number)
		}
		if _, err := tx.Bucket(doneBucket).CreateBucketIfNotExists([]byte{byte(number)}); err != nil {
			return err
		}
		return sinks.Put([]byte(name), encodeSink(number, since))
	})
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("note sink in ledger %s: %w", db.path, err)
	}
	return number, since, nil
}

// Project is where a server said that the items of a sink go; "" if it never did.
func (db *DB) Project(sink string) (project string) {
	_ = db.bolt.View(func(tx *bbolt.Tx) error { // it has no error of its own
		project = string(tx.Bucket(projectBucket).Get([]byte(sink)))
		return nil
	})
	return project
}

// SetProject notes it.
func (db *DB) SetProject(sink, project string) error {
	err := db.bolt.Update(func(tx *bbolt.Tx) error { return tx.Bucket(projectBucket).Put([]byte(sink), []byte(project)) })
	if err != nil {
		return fmt.Errorf("note project in ledger %s: %w", db.path, err)
	}
	return nil
}

func encodeSink(number int, since time.Time) []byte {
	return binary.BigEndian.AppendUint64([]byte{byte(number)}, uint64(since.UnixNano()))
}

func decodeSink(value []byte) (int, time.Time) {
	const size = 9
	if len(value) != size {
		return 0, time.Time{}
	}
	return int(value[0]), time.Unix(0, int64(binary.BigEndian.Uint64(value[1:]))).UTC()
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open directory of ledger: %w", err)
	}
	if err := directory.Sync(); err != nil {
		return errors.Join(fmt.Errorf("sync directory %s: %w", path, err), directory.Close())
	}
	return directory.Close()
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/joho/godotenv"
)

// lookupFunc is os.LookupEnv or like it.
type lookupFunc func(name string) (string, bool)

// environment returns the process's variables and, below them, those of a .env
// file. A file that was not asked for may be missing.
func environment(path string, asked bool) (lookupFunc, error) {
	file, err := godotenv.Read(path)
	if err != nil && (asked || !errors.Is(err, fs.ErrNotExist)) {
		return nil, usagef("%v", fmt.Errorf("read environment file %s: %w", path, err))
	}
	return func(name string) (string, bool) {
		if value, ok := os.LookupEnv(name); ok {
			return value, true
		}
		value, ok := file[name]
		return value, ok
	}, nil
}

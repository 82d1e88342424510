package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

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

// nothing is an environment without variables.
func nothing(string) (string, bool) { return "", false }

// over asks the first, and the second for what the first does not know. A name
// and its _FILE twin are one setting: who has one of them hides the other below.
func over(first, second lookupFunc) lookupFunc {
	return func(name string) (string, bool) {
		if value, ok := first(name); ok {
			return value, true
		}
		twin, isFile := strings.CutSuffix(name, "_FILE")
		if !isFile {
			twin = name + "_FILE"
		}
		if _, ok := first(twin); ok {
			return "", false
		}
		return second(name)
	}
}

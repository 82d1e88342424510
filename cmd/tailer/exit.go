package main

import (
	"context"
	"errors"
	"fmt"

	"tailer/ship"
	"tailer/ship/ledger"
	"tailer/state"
)

const exitCodes = `Exit codes:
    0  all was read, all was delivered
    1  failed
    2  wrong usage or configuration
    3  finished, but requests were rejected, or an input could not be read to its end;
       or doctor found problems, or audit, selftest or erase something that is left
   11  the state folder is in use by another tailer
   12  Langfuse refused the keys
  130  interrupted`

// exitInterrupted is the code after a signal, as shells count it.
const exitInterrupted = 130

// errPartly says that the work was finished but for what was counted and told.
var errPartly = errors.New("finished with rejected requests, or with input that could not be read")

// errDifferences says that an audit was finished and found something.
var errDifferences = errors.New("the log and Langfuse differ")

// usage is a mistake on the command line or in the environment.
type usage struct{ msg string }

func (u *usage) Error() string { return u.msg }

func usagef(format string, args ...any) error { return &usage{fmt.Sprintf(format, args...)} }

// exitCode is the only place that knows which error ends in which code.
func exitCode(err error) int {
	var mistake *usage
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &mistake):
		return 2
	case errors.Is(err, state.ErrLocked), errors.Is(err, ledger.ErrInUse):
		return 11
	case errors.Is(err, ship.ErrKeysRefused):
		return 12
	case errors.Is(err, errPartly), errors.Is(err, errFindings), errors.Is(err, errDifferences), errors.Is(err, errLost):
		return 3
	}
	return 1
}

//go:build !linux

package source

import (
	"context"
	"os"
	"time"
)

// alarm needs inotify: elsewhere files are looked at often.
type alarm struct{}

func newAlarm() *alarm { return nil }

func (*alarm) set(*os.File) bool { return false }

func (*alarm) wait(ctx context.Context, d time.Duration) bool {
	pause(ctx, d)
	return false
}

func (*alarm) reliable(bool) bool { return false }

func (*alarm) close() {}

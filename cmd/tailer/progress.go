package main

import (
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"tailer/internal/source"
)

// progress is a bar with the time left, on a terminal; nothing elsewhere.
type progress struct {
	bar   *progressbar.ProgressBar
	lines *source.Reader
	done  int64 // bytes of the inputs before this one
	shown int64
}

func newProgress(inputs []source.Input, o *options) *progress {
	if o.json || !term.IsTerminal(int(os.Stderr.Fd())) {
		return &progress{}
	}
	var total int64
	for _, in := range inputs {
		if in.Stdin() {
			return &progress{}
		}
		total += in.Size
	}
	return &progress{bar: progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowBytes(true), progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))}
}

func (p *progress) start(in source.Input, lines *source.Reader) {
	if p.bar == nil {
		return
	}
	if p.lines != nil {
		p.done += p.lines.Read()
	}
	p.lines = lines
	p.bar.Describe(filepath.Base(in.Path))
}

// stepBytes is how many bytes are read between two looks at the bar.
const stepBytes = 1 << 20

func (p *progress) step() {
	if p.bar == nil {
		return
	}
	if at := p.done + p.lines.Read(); at-p.shown >= stepBytes {
		p.shown = at
		_ = p.bar.Set64(at)
	}
}

func (p *progress) close() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

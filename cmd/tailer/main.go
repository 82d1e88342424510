package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"tailer"
	"tailer/internal/enrich"
	"tailer/internal/pair"
	"tailer/internal/source"
	"tailer/parse"
	"tailer/ship/otlp"
)

func main() {
	args := os.Args[2:]
	var out, date, zone string
	var files []string
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "--to":
			out = strings.TrimPrefix(args[i+1], "file:")
			i++
		case "--date":
			date = args[i+1]
			i++
		case "--timezone":
			zone = args[i+1]
			i++
		default:
			files = append(files, args[i])
		}
	}
	loc, _ := time.LoadLocation(zone)
	d, _ := time.Parse("2006-01-02", date)
	ins, err := source.Expand(files)
	if err != nil {
		panic(err)
	}
	f, _ := os.Create(out)
	en, err := enrich.New(enrich.Config{})
	if err != nil {
		panic(err)
	}
	var buf []byte
	emit := func(xs []tailer.Exchange) {
		for i := range xs {
			en.Enrich(&xs[i])
			buf = otlp.AppendLine(buf[:0], otlp.Encode(&xs[i], otlp.Config{Version: "0.1.0"}))
			if buf[len(buf)-1] != '\n' {
				buf = append(buf, '\n')
			}
			f.Write(buf)
		}
	}
	for _, in := range ins {
		r, err := source.Open(in, os.Stdin, source.Config{})
		if err != nil {
			panic(err)
		}
		p := parse.New(parse.NewClock(parse.ClockConfig{Location: loc, Date: d, ModTime: in.ModTime}))
		t := pair.New(pair.Config{})
		kinds := map[tailer.Kind]int{}
		add := func(rs []tailer.Record) {
			for i := range rs {
				kinds[rs[i].Kind]++
				emit(t.Add(&rs[i]))
			}
		}
		for {
			l, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				panic(err)
			}
			add(p.Feed(l))
		}
		add(p.Flush())
		emit(t.Drain())
		fmt.Fprintf(os.Stderr, "%+v %+v %v\n", p.Counts(), t.Counts(), kinds)
	}
}

package source

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tailer"
)

// DefaultDockerSocket is where Docker Engine listens.
const DefaultDockerSocket = "/var/run/docker.sock"

// dockerAPI reads a container's log by Docker Engine's API (1.41 to 1.51), which
// gives the logs of the drivers json-file, local and journald alike. A container
// that is made anew under its name is gone on with.
type dockerAPI struct {
	client    *http.Client
	container string
	fromEnd   bool
}

// NewDocker follows the log of a container by its name or id; socket "" means
// DefaultDockerSocket. The daemon and the container need not be there yet.
func NewDocker(socket, container string, resume []tailer.Checkpoint, cfg FollowConfig) (*Cursored, error) {
	if socket == "" {
		socket = DefaultDockerSocket
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true, // one connection for each log; the other requests are few
	}
	return newCursored("docker:"+container, &dockerAPI{&http.Client{Transport: transport}, container, cfg.FromEnd}, resume, cfg)
}

// get asks the daemon. The host in the address is never looked up.
func (d *dockerAPI) get(ctx context.Context, path string, query url.Values) (*http.Response, error) {
	address := url.URL{Scheme: "http", Host: "docker", Path: path, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := d.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		defer func() { _ = response.Body.Close() }()
		said, _ := io.ReadAll(io.LimitReader(response.Body, 512))
		return nil, fmt.Errorf("docker answers %s: %s", response.Status, bytes.TrimSpace(said))
	}
	return response, nil
}

// open implements service. The cursor is the stamp of the last line and how many
// lines with that stamp were read: several can have one.
func (d *dockerAPI) open(ctx context.Context, at string) (entries, error) {
	info, err := d.get(ctx, "/containers/"+d.container+"/json", nil)
	if err != nil {
		return nil, err
	}
	var container struct {
		ID     string
		Config struct{ Tty bool }
	}
	err = json.NewDecoder(info.Body).Decode(&container)
	_ = info.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("read docker's answer: %w", err)
	}
	query := url.Values{"follow": {"1"}, "stdout": {"1"}, "stderr": {"1"}, "timestamps": {"1"}}
	log := &dockerStream{}
	if at != "" {
		stamp, count, _ := strings.Cut(at, "#")
		since, rest, ok := cutStamp([]byte(stamp))
		if log.skip, err = strconv.Atoi(count); !ok || len(rest) > 0 || err != nil {
			return nil, fmt.Errorf("checkpoint's cursor %q is none of docker's", at)
		}
		log.stamp = since
		query.Set("since", fmt.Sprintf("%d.%09d", since.Unix(), since.Nanosecond()))
	} else if d.fromEnd {
		query.Set("tail", "0")
	}
	response, err := d.get(ctx, "/containers/"+container.ID+"/logs", query)
	if err != nil {
		return nil, err
	}
	log.body, log.frames = response.Body, frames{src: response.Body, tty: container.Config.Tty}
	return log, nil
}

// dockerStream is one container's log.
type dockerStream struct {
	body   io.Closer
	frames frames
	stamp  time.Time // of the newest entry
	count  int       // entries with that stamp
	skip   int       // entries with the stamp of the cursor that were read before
}

func (l *dockerStream) next() (message, error) {
	for {
		stream, b, err := l.frames.next()
		if err != nil {
			return message{}, err
		}
		stamp, text, ok := cutStamp(b)
		if !ok {
			return message{}, errors.New("docker's log has a line without a stamp")
		}
		text = bytes.TrimPrefix(text, space)
		if !stamp.Equal(l.stamp) {
			if l.skip > 0 && stamp.Before(l.stamp) {
				continue // older than the cursor: a daemon that ignores the fraction
			}
			l.stamp, l.count, l.skip = stamp, 0, 0
		}
		if l.count++; l.count <= l.skip {
			continue
		}
		line, whole := bytes.CutSuffix(text, newline)
		return message{
			stamp: stamp, stream: stream, partial: !whole, text: line,
			cursor: stamp.UTC().Format(time.RFC3339Nano) + "#" + strconv.Itoa(l.count),
		}, nil
	}
}

func (l *dockerStream) Close() error { return l.body.Close() }

// frames cuts Docker's stream into log messages: a header of 8 bytes, which has
// the stream in its first and the size in its last four, then the message. With a
// terminal there are no headers, and a message is a line.
type frames struct {
	src  io.Reader
	tty  bool
	rest []byte // of a terminal's stream
}

// maxFrame is how long a message may be, in bytes. Docker splits lines at 16 KiB.
const maxFrame = 4 << 20

func (f *frames) next() (tailer.Stream, []byte, error) {
	if f.tty {
		b, err := f.line()
		return tailer.StreamStdout, b, err
	}
	var head [8]byte
	if _, err := io.ReadFull(f.src, head[:]); err != nil {
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(head[4:])
	if head[0] > 2 || size > maxFrame {
		return 0, nil, errors.New("docker's stream is out of step")
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(f.src, b); err != nil {
		return 0, nil, err
	}
	if head[0] == 2 {
		return tailer.StreamStderr, b, nil
	}
	return tailer.StreamStdout, b, nil
}

// line returns the next line of a terminal's stream, with its newline.
func (f *frames) line() ([]byte, error) {
	buf := make([]byte, 32<<10)
	for {
		if i := bytes.IndexByte(f.rest, '\n'); i >= 0 || len(f.rest) > maxFrame {
			if i < 0 {
				i = maxFrame
			}
			line := f.rest[:i+1]
			f.rest = f.rest[i+1:]
			return bytes.Replace(line, []byte("\r\n"), newline, 1), nil
		}
		n, err := f.src.Read(buf)
		f.rest = append(f.rest, buf[:n]...)
		if err != nil && n == 0 {
			return nil, err
		}
	}
}

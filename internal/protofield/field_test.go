package protofield_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"tailer/internal/protofield"
)

var errBad = errors.New("bad")

func TestEach(t *testing.T) {
	t.Parallel()
	message := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "text")
	message = protowire.AppendVarint(protowire.AppendTag(message, 2, protowire.VarintType), 300)
	message = protowire.AppendFixed64(protowire.AppendTag(message, 3, protowire.Fixed64Type), 1<<40)
	message = protowire.AppendFixed32(protowire.AppendTag(message, 4, protowire.Fixed32Type), 7)
	const all = `10 "text" 0, 16 "" 300, 25 "" 1099511627776, 37 "" 0`
	for _, row := range []struct {
		name    string
		message []byte
		want    string
		failed  bool
	}{
		{"every type", message, all, false},
		{"nothing", nil, "", false},
		{"cut in a value", append(message[:len(message):len(message)], 10, 5, 'x'), all, true},
		{"cut in a tag", append(message[:len(message):len(message)], 0x80), all, true},
		{"number 0", []byte{0, 0}, "", true},
	} {
		var got []string
		err := protofield.Each(row.message, errBad, func(f protofield.Field) error {
			got = append(got, fmt.Sprintf("%d %q %d", f.Tag, f.Bytes, f.N))
			return nil
		})
		if strings.Join(got, ", ") != row.want || errors.Is(err, errBad) != row.failed || !row.failed && err != nil {
			t.Errorf("%s: %s, %v, want %s", row.name, got, err, row.want)
		}
	}
	stop := errors.New("stop")
	if err := protofield.Each(message, errBad, func(protofield.Field) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("not stopped but %v", err)
	}
}

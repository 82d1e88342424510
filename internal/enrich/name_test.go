package enrich

import (
	"fmt"
	"strings"
	"testing"
)

// TestHeaderNames asks for more names than are kept, long ones too, twice and at once.
func TestHeaderNames(t *testing.T) {
	for _, test := range []struct {
		name string
		want headerName
	}{
		{" X_Langfuse-Trace_Id", headerName{"x-langfuse-trace-id", "langfuse-trace-id", "", false}},
		{"X-OpenWebUI-User-Name", headerName{"x-openwebui-user-name", "x-openwebui-user-name", "X-OpenWebUI-User-Name", false}},
		{"x-openwebui-", headerName{"x-openwebui-", "x-openwebui-", "", false}},
		{"X-OpenWebUI-User-JWT", headerName{"x-openwebui-user-jwt", "x-openwebui-user-jwt", "X-OpenWebUI-User-Jwt", true}},
		{"My-KEY", headerName{"my-key", "my-key", "", true}},
		{strings.Repeat("Long-", maxKnownSize) + "Token", headerName{strings.Repeat("long-", maxKnownSize) + "token", strings.Repeat("long-", maxKnownSize) + "token", "", true}},
	} {
		for range 2 {
			if got := headerNameOf(test.name); got != test.want {
				t.Errorf("%q is %+v, want %+v", test.name, got, test.want)
			}
		}
	}
	done := make(chan bool)
	for k := range 2 {
		go func() {
			for i := range 2 * maxKnown {
				name := fmt.Sprintf("X-Made_Up-%d-%d", i, k)
				if got := headerNameOf(name); got.plain != fmt.Sprintf("x-made-up-%d-%d", i, k) || got.secret {
					t.Errorf("%q is %+v", name, got)
				}
			}
			done <- true
		}()
	}
	<-done
	<-done
	if n := len(*known.Load()); n > maxKnown {
		t.Errorf("%d names are kept", n)
	}
}

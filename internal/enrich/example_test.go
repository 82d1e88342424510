package enrich_test

import (
	"encoding/json"
	"fmt"

	"tailer"
	"tailer/internal/enrich"
)

func ExampleEnricher_Enrich() {
	e, err := enrich.New(enrich.Config{Environment: "production"})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := tailer.Exchange{Request: tailer.Request{
		Headers: []tailer.Header{
			{Name: "authorization", Value: "Bearer made-up-0123456789"},
			{Name: "x-openwebui-user-email", Value: "ana%40example.org"},
			{Name: "x-openwebui-user-name", Value: "Ana%20Mar%C3%ADa"},
			{Name: "x-openwebui-chat-id", Value: "local"},
		},
		Body: tailer.Fields{{Name: "messages", Value: json.RawMessage(`[{"role":"user","content":"use key sk-made-up-0123456789"}]`)}},
	}}
	e.Enrich(&x)
	a := x.Attribution
	fmt.Println(a.User, a.UserSource)
	fmt.Println(a.Session, a.SessionSource)
	fmt.Println(a.ProfileHeaders[1])
	fmt.Println(string(x.Request.Body.Get("messages")))
	// Output:
	// ana@example.org header:x-openwebui-user-email
	// local/ana@example.org header:x-openwebui-chat-id
	// {X-OpenWebUI-User-Name Ana María}
	// [{"role":"user","content":"use key [redacted]"}]
}

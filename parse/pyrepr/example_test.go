package pyrepr_test

import (
	"fmt"

	"tailer/parse/pyrepr"
)

func Example() {
	r := pyrepr.New([]byte(`{'litellm_call_id': 'c-1', 'litellm_params': {'user_REDACTED', 'user': "o'neil"}, ` +
		`'exception': litellm.RateLimitError: it's "full", 'end_time': datetime.datetime(2026, 1, 2, 3, 4), 'response': Usage(total=3, cost=5.)}`))
	r.Followers("traceback_exception", "end_time")
	for top := r.Dict(); top.Next(); {
		switch string(top.Key()) {
		case "litellm_call_id":
			id, _ := r.Text()
			fmt.Println(id)
		case "litellm_params":
			for p := r.Dict(); p.Next(); {
				user, _ := r.Text()
				fmt.Println(string(p.Key()), user)
			}
		case "exception":
			fmt.Printf("%s\n", r.Skip())
		case "response":
			fmt.Printf("%s\n", r.AppendJSON(nil))
		}
	}
	fmt.Println(r.Repairs(), r.Err())
	// Output:
	// c-1
	// user o'neil
	// litellm.RateLimitError: it's "full"
	// {"total":3,"cost":5}
	// 1 <nil>
}

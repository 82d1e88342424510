package source_test

import (
	"slices"
	"strings"
	"testing"

	"tailer/internal/source"
)

func TestPodOf(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	tests := []struct {
		name, path string
		want       source.Pod
		ok         bool
	}{
		{"kubelet", "/var/log/pods/ai_litellm-7d9f-x2v_5b0c1a2e-1111-2222-3333-444455556666/proxy/0.log", source.Pod{Namespace: "ai", Name: "litellm-7d9f-x2v", Container: "proxy"}, true},
		{"rotated", "/var/log/pods/ai_litellm-0_uid/proxy/0.log.20261123-101010.gz", source.Pod{Namespace: "ai", Name: "litellm-0", Container: "proxy"}, true},
		{"static pod", "/var/log/pods/kube-system_etcd-node1_a1b2/etcd/3.log", source.Pod{Namespace: "kube-system", Name: "etcd-node1", Container: "etcd"}, true},
		{"link", "/var/log/containers/litellm-0_ai_proxy-" + id + ".log", source.Pod{Namespace: "ai", Name: "litellm-0", Container: "proxy"}, true},
		{"container with a dash", "/var/log/containers/litellm-0_ai_side-car-" + id + ".log", source.Pod{Namespace: "ai", Name: "litellm-0", Container: "side-car"}, true},
		{"docker", "/var/lib/docker/containers/" + id + "/" + id + "-json.log", source.Pod{}, false},
		{"plain", "/var/log/litellm/proxy.log", source.Pod{}, false},
		{"an underscore too many", "/var/log/pods/a_b_c_d/proxy/0.log", source.Pod{}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pod, ok := source.PodOf(test.path)
			if pod != test.want || ok != test.ok {
				t.Errorf("got %+v, %v; want %+v, %v", pod, ok, test.want, test.ok)
			}
			if ok && !slices.IsSorted(pod.Tags()) {
				t.Errorf("tags %v are out of order", pod.Tags())
			}
		})
	}
}

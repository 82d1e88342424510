package source

import (
	"path/filepath"
	"regexp"
)

// A Pod is whose log a file on a Kubernetes node is.
type Pod struct{ Namespace, Name, Container string }

var (
	// podFolder is the kubelet's own: /var/log/pods/<namespace>_<pod>_<uid>/<container>/<n>.log
	// (Kubernetes 1.14 and later).
	podFolder = regexp.MustCompile(`/([^/_]+)_([^/_]+)_[^/_]+/([^/]+)/[^/]+\.log[^/]*$`)
	// containerLink is the link to it: /var/log/containers/<pod>_<namespace>_<container>-<id>.log
	containerLink = regexp.MustCompile(`/([^/_]+)_([^/_]+)_([^/_]+)-[0-9a-f]{64}\.log$`)
)

// PodOf tells the pod by the path of its log; ok is false for any other path.
func PodOf(path string) (pod Pod, ok bool) {
	path = filepath.ToSlash(path)
	if m := podFolder.FindStringSubmatch(path); m != nil {
		return Pod{m[1], m[2], m[3]}, true
	}
	if m := containerLink.FindStringSubmatch(path); m != nil {
		return Pod{m[2], m[1], m[3]}, true
	}
	return Pod{}, false
}

// Tags are what traces of the pod are tagged with, in order.
func (p Pod) Tags() []string {
	return []string{"container:" + p.Container, "namespace:" + p.Namespace, "pod:" + p.Name}
}

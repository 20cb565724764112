# docker buildx bake -f images/docker-bake.hcl     (from the checkout's root, after `make build`)
# The images' names and tags are those of images/catalogue.yaml; a test holds the two together.
variable "REGISTRY" { default = "localhost" }
variable "VERSION" { default = "0.1.0" }

group "default" { targets = ["base", "scipy", "hub"] }
group "all" { targets = ["base", "scipy", "pytorch", "pytorch-gpu", "tensorflow", "tensorflow-gpu", "hub"] }

target "common" {
  context   = "."
  args      = { VERSION = VERSION }
  platforms = ["linux/amd64", "linux/arm64"]
  attest    = ["type=sbom", "type=provenance,mode=max"]
}

target "base" {
  inherits   = ["common"]
  dockerfile = "images/base/Dockerfile"
  tags       = ["${REGISTRY}/jupyter-kf-base:${VERSION}"]
}

target "scipy" {
  inherits   = ["common"]
  dockerfile = "images/scipy/Dockerfile"
  contexts   = { base = "target:base" }
  args       = { BASE_IMAGE = "base" }
  tags       = ["${REGISTRY}/jupyter-kf-scipy:${VERSION}"]
}

target "pytorch" {
  inherits   = ["common"]
  dockerfile = "images/pytorch/Dockerfile"
  contexts   = { base = "target:scipy" }
  # PyTorch's own index has the build without CUDA: name it in the secret `pip`
  # (images/README.md).
  args       = { BASE_IMAGE = "base" }
  tags       = ["${REGISTRY}/jupyter-kf-pytorch:${VERSION}"]
}

target "pytorch-gpu" {
  inherits   = ["pytorch"]
  args       = { PACKAGE = "torch==2.15.0" }
  platforms  = ["linux/amd64"]
  tags       = ["${REGISTRY}/jupyter-kf-pytorch-gpu:${VERSION}"]
}

target "tensorflow" {
  inherits   = ["common"]
  dockerfile = "images/tensorflow/Dockerfile"
  contexts   = { base = "target:scipy" }
  args       = { BASE_IMAGE = "base" }
  tags       = ["${REGISTRY}/jupyter-kf-tensorflow:${VERSION}"]
}

target "tensorflow-gpu" {
  inherits   = ["tensorflow"]
  args       = { PACKAGE = "tensorflow[and-cuda]==2.21.0" }
  platforms  = ["linux/amd64"]
  tags       = ["${REGISTRY}/jupyter-kf-tensorflow-gpu:${VERSION}"]
}

target "hub" {
  inherits   = ["common"]
  dockerfile = "images/hub/Dockerfile"
  tags       = ["${REGISTRY}/jupyter-kf-hub:${VERSION}"]
}

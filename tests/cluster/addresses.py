"""Which addresses does the test bed use?

The machine itself reaches the cluster's network as 10.99.0.1 over one virtual link; everything
else lives in a network namespace of its own, from where nothing leads outside.
"""

HOST_LINK = "jkf0"
HOST_IP = "10.99.0.1"
NODE_IP = "10.99.0.2"
POD_CIDR = "10.99.0.0/24"
POD_RANGE = ("10.99.0.16", "10.99.0.254")
SERVICE_CIDR = "10.99.1.0/24"
API_SERVICE_IP = "10.99.1.1"
CLUSTER_DOMAIN = "cluster.local"

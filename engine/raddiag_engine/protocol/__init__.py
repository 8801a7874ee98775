"""What client and service say to each other: messages, voxels, maps, versions. Free of torch and of HTTP."""

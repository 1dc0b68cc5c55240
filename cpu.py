import resource; print('rss',resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024)

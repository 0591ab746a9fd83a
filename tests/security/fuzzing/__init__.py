"""The doors through which foreign bytes come in, each as one function of bytes that must only refuse and never break."""

"""Providers' sending APIs, faked: what each documents, errors included, without a contract or cost.

`server` is the HTTP around a fake, with the troubles a provider can make; the others are one provider each, and
know its parameters, codes and reports. `mo-gateway fake NAME` starts one; the tests run every client against it.
"""

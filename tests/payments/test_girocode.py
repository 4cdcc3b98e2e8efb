"""The GiroCode, read back from the rendered picture as a banking app reads it from the screen."""

import io
from dataclasses import replace

import pypdfium2
import pytest
import typst
import zxingcpp
from PIL import Image

from buchbar.payments import girocode
from buchbar.payments.girocode import Transfer
from buchbar.payments.reference import reference

RF = reference("HZ-7K3M-9QXB", 1)
BILL = Transfer(payee="Stadt Diepholz", iban="DE89370400440532013000", cents=17000, reference=RF)


def seen(transfer: Transfer) -> Image.Image:
    """The picture as it stands in a document, in pixels."""
    source = b'#set page(width: 60mm, height: 60mm)\n#image(bytes(sys.inputs.code), format: "svg", width: 40mm)'
    document = typst.compile(source, sys_inputs={"code": girocode.svg(transfer)})
    return pypdfium2.PdfDocument(io.BytesIO(document))[0].render(scale=4).to_pil()


def read(transfer: Transfer):
    (code,) = zxingcpp.read_barcodes(seen(transfer))
    return code


def test_a_banking_app_reads_who_gets_how_much_and_for_what():
    code = read(BILL)
    assert code.text.split("\n") == [
        *("BCD", "002", "1", "SCT", "", "Stadt Diepholz", "DE89370400440532013000", "EUR170", "", RF),
    ]
    assert code.ec_level == "M"


@pytest.mark.parametrize(("cents", "amount"), [(1, "EUR0.01"), (1250, "EUR12.5"), (99999999999, "EUR999999999.99")])
def test_amounts_are_exact(cents, amount):
    assert read(replace(BILL, cents=cents)).text.split("\n")[7] == amount


def test_umlauts_and_words_instead_of_a_reference():
    lines = read(replace(BILL, payee="Gemeinde Süß", reference="", words="5.2026.000123")).text.split("\n")
    assert lines[5] == "Gemeinde Süß"
    assert lines[9:] == ["", "5.2026.000123"], "the reference's line stays, empty"


def test_the_longest_that_is_allowed_is_still_read():
    longest = replace(BILL, payee="ü" * 70, bic="COBADEFFXXX", reference="", words="x" * 110)
    code = read(longest)
    assert len(code.bytes) <= 331 and code.text.endswith("x" * 110)


@pytest.mark.parametrize(
    "wrong",
    [{"payee": ""}, {"payee": "x" * 71}, {"cents": 0}, {"words": "both"}, {"reference": ""}, {"bic": "COBA"}],
)
def test_what_no_bank_would_read_is_refused(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        girocode.svg(replace(BILL, **wrong))


def test_on_a_page_it_is_an_image_without_any_other_host():
    assert girocode.data_uri(BILL).startswith("data:image/svg+xml")

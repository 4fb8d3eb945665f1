// Every format that is read, in one place. Evidence decides, not the order; what can only ever be a guess stands last.
#include "formats/all_formats.h"

#include "formats/aecg.h"
#include "formats/alivecor.h"
#include "formats/cardiosoft.h"
#include "formats/csv.h"
#include "formats/dicom.h"
#include "formats/edf.h"
#include "formats/fhir.h"
#include "formats/ishne.h"
#include "formats/mortara.h"
#include "formats/muse.h"
#include "formats/norav.h"
#include "formats/pdf.h"
#include "formats/schiller.h"
#include "formats/scp.h"
#include "formats/sierra.h"
#include "formats/wfdb.h"
#include "formats/zip.h"

namespace precordia {
namespace {

constexpr EcgFormat kFormats[] = {
    {"wfdb", "a WFDB header", wfdb_evidence, decode_wfdb_record},
    {"aecg", "an HL7 aECG file", aecg_evidence, decode_aecg},
    {"muse", "a GE MUSE file", muse_evidence, decode_muse},
    {"sierra", "a Philips Sierra file", sierra_evidence, decode_sierra},
    {"schiller", "a Schiller file", schiller_evidence, decode_schiller},
    {"mortara", "a Mortara ELI file", mortara_evidence, decode_mortara},
    {"cardiosoft", "a CardioSoft file", cardiosoft_evidence, decode_cardiosoft},
    {"fhir", "a FHIR resource", fhir_evidence, decode_fhir},
    {"pdf", "a PDF page", pdf_evidence, decode_pdf},
    {"edf", "an EDF or BDF file", edf_evidence, decode_edf},
    {"scp", "an SCP-ECG file", scp_evidence, decode_scp},
    {"dicom", "a DICOM file", dicom_evidence, decode_dicom},
    {"ishne", "an ISHNE file", ishne_evidence, decode_ishne},
    {"norav", "a Norav file", norav_evidence, decode_norav},
    {"alivecor", "an AliveCor file", alivecor_evidence, decode_alivecor},
    {"zip", "a ZIP archive", zip_evidence, decode_zip},
    {"gzip", "a gzip file", gzip_evidence, decode_gzip},
    {"csv", "a table of numbers", csv_evidence, decode_csv, Evidence::kPossible},
};

}  // namespace

std::span<const EcgFormat> all_formats() { return kFormats; }

}  // namespace precordia
